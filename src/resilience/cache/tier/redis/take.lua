-- The right to load a key. KEYS: what is known of all, the value, the key's guard.
-- ARGV: how long the right is one's own, how long the guard is kept, whether to take it from whoever has it,
-- from which age on a value does not count, an era for a store that has none.
-- {2, stored, left, age}: it is there. {0, left}: somebody else has the right. {1, era, number}: it is yours.
local era = redis.call('HGET', KEYS[1], 'era')
if not era then
    era = ARGV[5]
    redis.call('HSET', KEYS[1], 'era', era)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('GET', KEYS[2])
if stored and string.sub(stored, 1, 16) == era then
    local age = now - tonumber(string.sub(stored, 17, 32))
    if age < tonumber(ARGV[4]) then
        return {2, stored, redis.call('PTTL', KEYS[2]), age}
    end
end
local till = tonumber(redis.call('HGET', KEYS[3], 'till') or 0)
if till > now and ARGV[3] == '0' then
    return {0, till - now}
end
local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
-- Whatever was begun before anybody knew of it is older than this.
redis.call('HSETNX', KEYS[3], 'floor', number)
redis.call('HSET', KEYS[3], 'last', number, 'holder', number, 'till', now + tonumber(ARGV[1]))
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return {1, era, number}
