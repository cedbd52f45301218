-- Takes tokens out of every bucket, or out of none.
--
-- KEYS: the buckets. ARGV: how many units to take, and how few will do; then for each bucket how many
-- quotas it has, and for each quota what a unit costs and what the bucket holds, as the time it takes to
-- come back: whole microseconds, parts of one, and how many parts there are in one:
-- cost, cost's parts, capacity, capacity's parts, parts in a microsecond.
--
-- A bucket is the moment at which it will be full again, for each of its quotas. A key that is not there
-- is a full one. Every number is a whole one below 2^53, which doubles hold exactly.
--
-- Answers how many units were taken, and for each quota how far off that moment is now.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local take, least = tonumber(ARGV[1]), tonumber(ARGV[2])

local function price(units, whole, part, parts)
    local sum = units * part
    local rest = sum % parts
    return units * whole + (sum - rest) / parts, rest
end

local buckets, at = {}, 3
for key = 1, #KEYS do
    local quotas, bucket = tonumber(ARGV[at]), {}
    at = at + 1
    local moment = string.gmatch(redis.call('GET', KEYS[key]) or '', '(%d+):?(%d*)')
    for quota = 1, quotas do
        local cost, cost_part = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
        local room, room_part = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
        local parts = tonumber(ARGV[at + 4])
        at = at + 5
        local whole, part = moment()
        local ahead, ahead_part = 0, 0
        if whole and tonumber(whole) >= now then
            -- The parts are of another size if the quota has been another.
            ahead, ahead_part = whole - now, math.min(tonumber(part) or 0, parts - 1)
        end
        room, room_part = room - ahead, room_part - ahead_part
        if room_part < 0 then
            room, room_part = room - 1, room_part + parts
        end
        local function fits(units)
            local whole, part = price(units, cost, cost_part, parts)
            return whole < room or (whole == room and part <= room_part)
        end
        if take > 0 and not fits(take) then
            local most = 0
            if least < take and room >= 0 then
                -- A guess by division, which may be off by one.
                most = math.floor((room + room_part / parts) / (cost + cost_part / parts))
                most = math.min(take, most + 1)
                while most > 0 and not fits(most) do
                    most = most - 1
                end
            end
            take = most >= least and most or 0
        end
        bucket[quota] = { ahead, ahead_part, cost, cost_part, parts }
    end
    buckets[key] = bucket
end

local answer = { take }
for key = 1, #KEYS do
    local bucket, moments, full = buckets[key], {}, 0
    for quota = 1, #bucket do
        local ahead, ahead_part, cost, cost_part, parts = unpack(bucket[quota])
        if take > 0 then
            local whole, part = price(take, cost, cost_part, parts)
            ahead, ahead_part = ahead + whole, ahead_part + part
            if ahead_part >= parts then
                ahead, ahead_part = ahead + 1, ahead_part - parts
            end
        end
        moments[quota] = string.format(ahead_part > 0 and '%.0f:%.0f' or '%.0f', now + ahead, ahead_part)
        full = math.max(full, ahead)
        answer[#answer + 1] = ahead
        answer[#answer + 1] = ahead_part
    end
    if take > 0 then
        -- It is not needed once it is full again.
        redis.call('SET', KEYS[key], table.concat(moments, ' '), 'PX', math.floor(full / 1000) + 1)
    end
end
return answer
