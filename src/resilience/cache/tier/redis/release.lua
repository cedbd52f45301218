-- Gives a right up. KEYS: what is known of all, the guard. ARGV: its number, its era.
local number = tonumber(ARGV[1])
if redis.call('HGET', KEYS[1], 'era') ~= ARGV[2] then
    return 0
end
if tonumber(redis.call('HGET', KEYS[2], 'holder') or 0) ~= number then
    return 0
end
return redis.call('HDEL', KEYS[2], 'holder', 'till')
