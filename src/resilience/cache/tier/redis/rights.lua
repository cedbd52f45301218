-- What rights to load are made of, for the scripts that give any. KEYS[1]: what is known of all.

-- The store's era, and this one for a store that has none.
local function era_or(another)
    local era = redis.call('HGET', KEYS[1], 'era')
    if not era then
        era = another
        redis.call('HSET', KEYS[1], 'era', era)
    end
    return era
end

-- A number above all that were given, as text. The clock's where that is higher: a store that comes back without
-- the last ones it gave is not to give them again.
local function next_number()
    local time = redis.call('TIME')
    local number = tonumber(redis.call('HGET', KEYS[1], 'number') or 0) + 1
    number = string.format('%.0f', math.max(number, time[1] * 1000000 + time[2]))
    redis.call('HSET', KEYS[1], 'number', number)
    return number
end

-- Forgets what is known of a key's rights if they are of another era: nothing comes of those.
local function forget_former(guard, era)
    if redis.pcall('HGET', guard, 'era') ~= era then
        redis.call('UNLINK', guard)
    end
end

-- Writes down that this right was given.
local function note(guard, era, number, kept)
    -- Whatever was begun before anybody knew of it is older than this.
    redis.call('HSETNX', guard, 'floor', number)
    redis.call('HSET', guard, 'era', era, 'last', number)
    redis.call('PEXPIRE', guard, kept)
end
