-- What is stored for some keys. KEYS: what is known of all, then the values.
local era = redis.call('HGET', KEYS[1], 'era')
local found = {}
local time = era and redis.call('TIME')
for at = 2, #KEYS do
    local stored = era and redis.pcall('GET', KEYS[at])
    if type(stored) == 'string' and string.sub(stored, 1, 16) == era then
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local age = now - (tonumber(string.sub(stored, 17, 32)) or 0)
        found[at - 1] = {stored, redis.call('PTTL', KEYS[at]), age}
    else
        found[at - 1] = 0
    end
end
return found
