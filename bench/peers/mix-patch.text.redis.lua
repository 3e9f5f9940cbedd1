-- Sets a field of a document, cutting its text: ARGV is the name, and the value as JSON has it. A
-- name with its quotes is nowhere inside a string, and the value ends with the first quote that is
-- not escaped.
local text = redis.call('GET', KEYS[1])
local _, before = string.find(text, '"' .. ARGV[1] .. '":"', 1, true)
local behind = string.find(text, '["\\]', before + 1)
while string.byte(text, behind) == 92 do behind = string.find(text, '["\\]', behind + 2) end
redis.call('SET', KEYS[1], string.sub(text, 1, before) .. ARGV[2] .. string.sub(text, behind))
