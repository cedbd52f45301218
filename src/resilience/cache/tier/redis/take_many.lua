-- One number for loads of many keys, which keep nobody waiting. KEYS: what is known of all, the guards.
-- ARGV: how long guards are kept, an era for a store that has none.
local era = redis.call('HGET', KEYS[1], 'era')
if not era then
    era = ARGV[2]
    redis.call('HSET', KEYS[1], 'era', era)
end
local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
for at = 2, #KEYS do
    redis.call('HSETNX', KEYS[at], 'floor', number)
    redis.call('HSET', KEYS[at], 'last', number)
    redis.call('PEXPIRE', KEYS[at], ARGV[1])
end
return {1, era, number}
