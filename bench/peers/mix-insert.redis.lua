-- Writes a document under the first key and appends that to the lists that the other keys are.
redis.call('SET', KEYS[1], ARGV[1])
for i = 2, #KEYS do redis.call('RPUSH', KEYS[i], KEYS[1]) end
