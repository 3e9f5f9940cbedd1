-- The article's schema as PostgreSQL's users would have it, with the indexes of bench/schema.json.
-- `number` is what pgbench can choose at random; documents refer to each other by id.
CREATE TABLE raw (document jsonb);
CREATE TABLE users (number integer, id text COLLATE "C", creation_time double precision, name text, email text);
CREATE TABLE author_profiles (number integer, id text COLLATE "C", creation_time double precision, user_id text COLLATE "C", bio text);
CREATE TABLE posts (number integer, id text COLLATE "C", creation_time double precision, title text, author_id text COLLATE "C", content text, status text);
CREATE TABLE comments (number integer, id text COLLATE "C", creation_time double precision, post_id text COLLATE "C", user_id text COLLATE "C", text text);
CREATE TABLE categories (number integer, id text COLLATE "C", creation_time double precision, name text, description text);
CREATE TABLE post_categories (number integer, id text COLLATE "C", creation_time double precision, post_id text COLLATE "C", category_id text COLLATE "C");
