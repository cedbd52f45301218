-- Stores values unless they are out of date. KEYS: what is known of all, then of each value its own and its
-- guard. ARGV: the number of the right; of each, how long it lives; the era of the right; of each, what to
-- store, or nothing, to forget what was there.
local count = (#KEYS - 1) / 2
local number = tonumber(ARGV[1])
local era = ARGV[count + 2]
local is_known = redis.call('HGET', KEYS[1], 'era') == era
local time = redis.call('TIME')
local written = string.format('%016.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local done = {}
for at = 1, count do
    local value, guard = KEYS[2 * at], KEYS[2 * at + 1]
    -- Without a guard something was said since, or nobody knows.
    local floor = is_known and redis.call('HGET', guard, 'floor')
    if floor and tonumber(floor) <= number then
        local body = ARGV[count + 2 + at]
        if body == '' then
            redis.call('UNLINK', value)
        else
            local life = string.format('%016.0f', ARGV[1 + at])
            redis.call('SET', value, era .. written .. life .. body, 'PX', ARGV[1 + at])
        end
        if tonumber(redis.call('HGET', guard, 'last')) <= number then
            -- Whoever is still out has an older right.
            redis.call('UNLINK', guard)
        else
            redis.call('HSET', guard, 'floor', ARGV[1])
            if tonumber(redis.call('HGET', guard, 'holder') or 0) == number then
                redis.call('HDEL', guard, 'holder', 'till')
            end
        end
        done[at] = 1
    else
        done[at] = 0
    end
end
return done
