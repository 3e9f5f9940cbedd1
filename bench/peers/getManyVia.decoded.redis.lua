-- The categories of a post, as documents.
local ids = redis.call('LRANGE', 'categories:' .. KEYS[1], 0, -1)
if #ids == 0 then return '[]' end
local categories = redis.call('MGET', unpack(ids))
for i = 1, #categories do categories[i] = cjson.decode(categories[i]) end
return cjson.encode(categories)
