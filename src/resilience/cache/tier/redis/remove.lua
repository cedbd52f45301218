-- Forgets a key and every right to it, and says so. KEYS: the value, the guard. ARGV: the channel, the message, or none.
local count = redis.call('UNLINK', KEYS[1], KEYS[2])
if ARGV[2] ~= '' then
    redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return count
