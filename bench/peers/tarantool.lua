-- Tarantool with the blog: a space a table, whose tuples are {id, text, time,
-- reference, reference}; an index is by reference, then time.
--
-- Stored procedures answer as the article's helpers do: NAME_text joins texts, NAME_decoded makes
-- tables of them, which leave as MessagePack. Arguments: port, folder of the data, own folder. Prints
-- "ready" and the seconds that loading the data took.
local clock = require('clock')
local json = require('json')
local port, data, folder = arg[1], arg[2], arg[3]

box.cfg{
    listen = '127.0.0.1:' .. port,
    wal_mode = 'none',
    memtx_memory = 4 * 1024 * 1024 * 1024,
    memtx_dir = folder,
    wal_dir = folder,
    vinyl_dir = folder,
    log = folder .. '/log',
    log_level = 2,
    readahead = 1024 * 1024,
}
box.schema.user.grant('guest', 'read,write,execute', 'universe')

local references = {
    users = {},
    authorProfiles = {'userId'},
    posts = {'authorId'},
    comments = {'postId', 'userId'},
    categories = {},
    postCategories = {'postId', 'categoryId'},
}
-- In the order that gives spaces the numbers that the load generator expects.
local names = {'users', 'authorProfiles', 'posts', 'comments', 'categories', 'postCategories'}

local began = clock.monotonic()
for number, name in ipairs(names) do
    local space = box.schema.space.create(name, {id = 599 + number})
    space:create_index('id', {parts = {1, 'string'}})
    for place, field in ipairs(references[name]) do
        space:create_index(field, {unique = false, parts = {3 + place, 'string', 3, 'number'}})
    end
    for line in io.lines(data .. '/' .. name .. '.jsonl') do
        local document = json.decode(line)
        local tuple = {document._id, line, document._creationTime}
        for _, field in ipairs(references[name]) do table.insert(tuple, document[field]) end
        space:insert(tuple)
    end
    collectgarbage()
end
local load_seconds = clock.monotonic() - began

local function posts_of(author)
    return box.space.posts.index.authorId:select(author)
end

local function comments_on(post)
    return box.space.comments.index.postId:select(post)
end

local function categories_of(post)
    local found = {}
    for i, link in ipairs(box.space.postCategories.index.postId:select(post)) do
        found[i] = box.space.categories:get(link[5])
    end
    return found
end

local function texts(tuples)
    local result = {}
    for i, tuple in ipairs(tuples) do result[i] = tuple[2] end
    return table.concat(result, ',')
end

local function decoded(tuples)
    local result = {}
    for i, tuple in ipairs(tuples) do result[i] = json.decode(tuple[2]) end
    return result
end

function getManyFrom_text(author) return '[' .. texts(posts_of(author)) .. ']' end
function getManyFrom_decoded(author) return decoded(posts_of(author)) end
function getManyVia_text(post) return '[' .. texts(categories_of(post)) .. ']' end
function getManyVia_decoded(post) return decoded(categories_of(post)) end

-- Calls `use` with each post, its comments and its categories, most comments first, and returns
-- the users who wrote the comments.
local function walk_article(user, use)
    local author = box.space.authorProfiles.index.userId:select(user)[1]
    local found, seen, users = {}, {}, {}
    for i, post in ipairs(posts_of(author[1])) do
        local comments = comments_on(post[1])
        found[i] = {place = i, post = post, comments = comments,
                    categories = categories_of(post[1])}
        for _, comment in ipairs(comments) do
            if not seen[comment[5]] then
                seen[comment[5]] = true
                users[#users + 1] = box.space.users:get(comment[5])
            end
        end
    end
    table.sort(found, function(a, b)
        if #a.comments ~= #b.comments then return #a.comments > #b.comments end
        return a.place < b.place
    end)
    for _, item in ipairs(found) do use(item.post, item.comments, item.categories) end
    return users
end

function article_text(user)
    local posts = {}
    local users = walk_article(user, function(post, comments, categories)
        posts[#posts + 1] = string.sub(post[2], 1, -2) .. ',"comments":[' .. texts(comments) ..
            '],"categories":[' .. texts(categories) .. ']}'
    end)
    return '{"posts":[' .. table.concat(posts, ',') .. '],"commentUsers":[' .. texts(users) .. ']}'
end

function article_decoded(user)
    local posts = {}
    local users = walk_article(user, function(post, comments, categories)
        local document = json.decode(post[2])
        document.comments = decoded(comments)
        document.categories = decoded(categories)
        posts[#posts + 1] = document
    end)
    return {posts = posts, commentUsers = decoded(users)}
end

-- What LinkBench's mix cannot say by a select, an insert or a delete.
function countComments(post) return box.space.comments.index.postId:count(post) end

-- Sets a field that is in the text alone. A name with its
-- quotes is nowhere inside a string, and the value ends with the first quote that is not escaped.
function patch_text(space, id, field, value)
    local text = box.space[space]:get(id)[2]
    local _, before = string.find(text, '"' .. field .. '":"', 1, true)
    local behind = string.find(text, '["\\]', before + 1)
    while string.byte(text, behind) == 92 do behind = string.find(text, '["\\]', behind + 2) end
    text = string.sub(text, 1, before) .. value .. string.sub(text, behind)
    box.space[space]:update(id, {{'=', 2, text}})
end

function patch_decoded(space, id, field, value)
    local document = json.decode(box.space[space]:get(id)[2])
    document[field] = value
    box.space[space]:update(id, {{'=', 2, json.encode(document)}})
end

function memory_used() return tostring(box.slab.info().arena_used) end

io.stdout:write('ready ' .. load_seconds .. '\n')
io.stdout:flush()
