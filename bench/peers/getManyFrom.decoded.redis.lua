-- The posts of an author, as documents.
local ids = redis.call('LRANGE', 'posts:' .. KEYS[1], 0, -1)
if #ids == 0 then return '[]' end
local posts = redis.call('MGET', unpack(ids))
for i = 1, #posts do posts[i] = cjson.decode(posts[i]) end
return cjson.encode(posts)
