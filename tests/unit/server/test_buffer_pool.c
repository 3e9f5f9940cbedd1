/* The pool of buffers, and the lists that connections stand in. */
#include "server/buffer_pool.h"
#include "server/list.h"

#include <criterion/criterion.h>

Test(buffer_pool, gives_the_newest_buffer_first)
{
    struct buffer_pool pool = {0};
    struct buffer a = {0};
    struct buffer b = {0};
    buffer_pool_take(&pool, &a);
    buffer_pool_take(&pool, &b);
    cr_expect_geq(a.capacity, BUFFER_POOL_SIZE);
    buffer_append_char(&b, 'x');
    const char *newest = b.data;
    buffer_pool_give(&pool, &a);
    buffer_pool_give(&pool, &b);
    cr_expect_null(b.data);
    buffer_pool_take(&pool, &a);
    cr_expect_eq(a.data, newest);
    cr_expect_eq(a.size, 0);
    buffer_pool_give(&pool, &a);
    cr_expect_eq(pool.count, 2);
    buffer_pool_deinit(&pool);
}

Test(buffer_pool, keeps_no_buffer_of_another_size_and_not_too_many)
{
    struct buffer_pool pool = {0};
    struct buffer grown = {0};
    buffer_pool_give(&pool, &grown);
    buffer_pool_take(&pool, &grown);
    buffer_reserve(&grown, BUFFER_POOL_SIZE + 1);
    buffer_pool_give(&pool, &grown);
    cr_expect_eq(pool.count, 0);
    cr_expect_null(grown.data);

    struct buffer many[BUFFER_POOL_COUNT_MAX + 1] = {{0}};
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        buffer_pool_take(&pool, &many[i]);
    }
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        buffer_pool_give(&pool, &many[i]);
    }
    cr_expect_eq(pool.count, BUFFER_POOL_COUNT_MAX);
    buffer_pool_deinit(&pool);
}

struct thing {
    int number;
    struct link link;
};

static int first_number(const struct link *head)
{
    return LINK_OWNER(head->next, struct thing, link)->number;
}

Test(list, appending_what_is_listed_moves_it_to_the_end)
{
    struct link head;
    struct thing things[2] = {{.number = 1}, {.number = 2}};
    link_init(&head);
    link_init(&things[0].link);
    link_init(&things[1].link);
    cr_expect(list_is_empty(&head));
    cr_expect_not(link_is_listed(&things[0].link));
    list_append(&head, &things[0].link);
    list_append(&head, &things[1].link);
    cr_expect_eq(first_number(&head), 1);
    list_append(&head, &things[0].link);
    cr_expect_eq(first_number(&head), 2);
    link_remove(&things[1].link);
    link_remove(&things[1].link);
    cr_expect_eq(first_number(&head), 1);
    link_remove(&things[0].link);
    cr_expect(list_is_empty(&head));
}
