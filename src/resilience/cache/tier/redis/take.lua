-- The right to load a key. KEYS: what is known of all, the value, the key's guard.
-- ARGV: how long the right is one's own, how long the guard is kept, whether to take it from whoever has it,
-- from which age on a value does not count, an era for a store that has none.
-- {2, stored, left, age}: it is there. {0, left}: somebody else has the right. {1, era, number}: it is yours.
local era = era_or(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.pcall('GET', KEYS[2])
if type(stored) == 'string' and string.sub(stored, 1, 16) == era then
    -- Who has set the clock back makes nobody younger than new.
    local age = math.max(0, now - (tonumber(string.sub(stored, 17, 32)) or 0))
    if age < tonumber(ARGV[4]) then
        return {2, stored, redis.call('PTTL', KEYS[2]), age}
    end
end
forget_former(KEYS[3], era)
local till = tonumber(redis.call('HGET', KEYS[3], 'till') or 0)
if till > now and ARGV[3] == '0' then
    return {0, till - now}
end
local number = next_number()
note(KEYS[3], era, number, ARGV[2])
redis.call('HSET', KEYS[3], 'holder', number, 'till', string.format('%.0f', now + ARGV[1]))
return {1, era, tonumber(number)}
