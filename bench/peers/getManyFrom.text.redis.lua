-- The posts of an author, as texts that are joined.
local posts = redis.call('LRANGE', 'posts:' .. KEYS[1], 0, -1)
if #posts == 0 then return '[]' end
return '[' .. table.concat(redis.call('MGET', unpack(posts)), ',') .. ']'
