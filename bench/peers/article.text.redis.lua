-- The article's query on texts: documents are joined and cut, never decoded.
local function list(prefix, id)
    local ids = redis.call('LRANGE', prefix .. id, 0, -1)
    if #ids == 0 then return {} end
    return redis.call('MGET', unpack(ids)), ids
end

local author = redis.call('LINDEX', 'profile:' .. KEYS[1], 0)
local posts, ids = list('posts:', author)
local found, users, seen = {}, {}, {}
for i = 1, #posts do
    local comments = list('comments:', ids[i])
    for j = 1, #comments do
        local user = string.match(comments[j], '"userId":"([^"]*)"')
        if not seen[user] then
            seen[user] = true
            users[#users + 1] = user
        end
    end
    local text = string.sub(posts[i], 1, -2) .. ',"comments":[' .. table.concat(comments, ',') ..
        '],"categories":[' .. table.concat(list('categories:', ids[i]), ',') .. ']}'
    found[i] = {size = #comments, place = i, text = text}
end
table.sort(found, function(a, b)
    if a.size ~= b.size then return a.size > b.size end
    return a.place < b.place
end)
local texts = {}
for i = 1, #found do texts[i] = found[i].text end
local commenters = #users > 0 and redis.call('MGET', unpack(users)) or {}
return '{"posts":[' .. table.concat(texts, ',') .. '],"commentUsers":[' ..
    table.concat(commenters, ',') .. ']}'
