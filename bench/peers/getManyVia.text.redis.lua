-- The categories of a post, as texts that are joined.
local categories = redis.call('LRANGE', 'categories:' .. KEYS[1], 0, -1)
if #categories == 0 then return '[]' end
return '[' .. table.concat(redis.call('MGET', unpack(categories)), ',') .. ']'
