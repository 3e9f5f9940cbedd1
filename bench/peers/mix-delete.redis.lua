-- Deletes a document and takes it off the lists that lead to it: ARGV is, for each, the field that
-- says whose list it is, and how the list's name begins. It is found from the end, near which it is.
local text = redis.call('GET', KEYS[1])
if not text then return end
redis.call('DEL', KEYS[1])
for i = 1, #ARGV, 2 do
    local id = string.match(text, '"' .. ARGV[i] .. '":"([^"]*)"')
    redis.call('LREM', ARGV[i + 1] .. id, -1, KEYS[1])
end
