-- The article's query on documents, decoded and encoded again.
local function fetch(ids)
    if #ids == 0 then return {} end
    local documents = redis.call('MGET', unpack(ids))
    for i = 1, #documents do documents[i] = cjson.decode(documents[i]) end
    return documents
end

local function list(prefix, id)
    return fetch(redis.call('LRANGE', prefix .. id, 0, -1))
end

local author = redis.call('LINDEX', 'profile:' .. KEYS[1], 0)
local posts = list('posts:', author)
local users, seen = {}, {}
for i = 1, #posts do
    local post = posts[i]
    post.comments = list('comments:', post._id)
    post.categories = list('categories:', post._id)
    for j = 1, #post.comments do
        local user = post.comments[j].userId
        if not seen[user] then
            seen[user] = true
            users[#users + 1] = user
        end
    end
end
table.sort(posts, function(a, b)
    if #a.comments ~= #b.comments then return #a.comments > #b.comments end
    return a._creationTime < b._creationTime
end)
return cjson.encode({posts = posts, commentUsers = fetch(users)})
