/* A list that is a ring of links: its head is a link too, and links stand in what they link.
 *
 * Invariant: going next and going previous visit the same links; a link that is in no list points
 * at itself. */
#ifndef TENON_SERVER_LIST_H
#define TENON_SERVER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
    struct link *next;
    struct link *previous;
};

/* What has `link` as its member. */
#define LINK_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Makes an empty list, or a link in no list. */
static inline void link_init(struct link *link)
{
    link->next = link;
    link->previous = link;
}

static inline bool list_is_empty(const struct link *head)
{
    return head->next == head;
}

static inline bool link_is_listed(const struct link *link)
{
    return link->next != link;
}

/* Takes `link` out of its list, if it is in one. */
static inline void link_remove(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}

/* Puts `link` at the end of the list, taking it out of where it was. */
static inline void list_append(struct link *head, struct link *link)
{
    link_remove(link);
    link->previous = head->previous;
    link->next = head;
    head->previous->next = link;
    head->previous = link;
}

#endif
