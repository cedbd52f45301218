-- Gives tokens back to a bucket; what is more than it holds is lost.
--
-- KEYS: the bucket. ARGV: how many quotas it has, and for each what the tokens cost, as the time they
-- take to come back: whole microseconds, parts of one, and how many parts there are in one.
--
-- Answers 1 if there was anything missing, else 0. Numbers and moments are as in `take.lua`.
local text = redis.call('GET', KEYS[1])
if not text then
    return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local moment, moments, full = string.gmatch(text, '(%d+):?(%d*)'), {}, 0
for quota = 1, tonumber(ARGV[1]) do
    local at = quota * 3 - 1
    local cost, cost_part, parts = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local whole, part = moment()
    local ahead, ahead_part = 0, 0
    if whole then
        ahead, ahead_part = whole - now - cost, math.min(tonumber(part) or 0, parts - 1) - cost_part
        if ahead_part < 0 then
            ahead, ahead_part = ahead - 1, ahead_part + parts
        end
        if ahead < 0 then
            ahead, ahead_part = 0, 0
        end
    end
    moments[quota] = string.format(ahead_part > 0 and '%.0f:%.0f' or '%.0f', now + ahead, ahead_part)
    full = math.max(full, ahead + (ahead_part > 0 and 1 or 0))
end
if full > 0 then
    redis.call('SET', KEYS[1], table.concat(moments, ' '), 'PX', math.floor(full / 1000) + 1)
else
    redis.call('DEL', KEYS[1])
end
return 1
