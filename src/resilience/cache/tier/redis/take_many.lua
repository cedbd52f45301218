-- One number for loads of many keys, which keep nobody waiting. KEYS: what is known of all, the guards.
-- ARGV: how long guards are kept, an era for a store that has none.
local era = era_or(ARGV[2])
local number = next_number()
for at = 2, #KEYS do
    forget_former(KEYS[at], era)
    note(KEYS[at], era, number, ARGV[1])
end
return {1, era, tonumber(number)}
