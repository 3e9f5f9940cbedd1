-- Sets a field of a document, decoded and encoded again: ARGV is the name and the value.
local document = cjson.decode(redis.call('GET', KEYS[1]))
document[ARGV[1]] = ARGV[2]
redis.call('SET', KEYS[1], cjson.encode(document))
