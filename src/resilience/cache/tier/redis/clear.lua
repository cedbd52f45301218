-- Forgets all keys and every right, and says so. KEYS: what is known of all. ARGV: another era, the channel,
-- the message, or none.
redis.call('HSET', KEYS[1], 'era', ARGV[1])
if ARGV[3] ~= '' then
    redis.call('PUBLISH', ARGV[2], ARGV[3])
end
return 1
