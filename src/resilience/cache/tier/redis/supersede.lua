-- Forgets a key and every right to it, says so, and gives the one right there is from now on.
-- KEYS: what is known of all, the value, the key's guard.
-- ARGV: how long the guard is kept, an era for a store that has none, the channel, the message.
local era = era_or(ARGV[2])
local number = next_number()
redis.call('UNLINK', KEYS[2], KEYS[3])
note(KEYS[3], era, number, ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return {1, era, tonumber(number)}
