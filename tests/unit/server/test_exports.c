/* Exports that nobody reads any more, and exports that hold back too much. */
#include "server/service.h"
#include "storage/walker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OPEN  "{\"id\":1,\"method\":\"exportOpen\"}"
#define READ  "{\"id\":1,\"method\":\"exportRead\",\"params\":[\"%u\",\"notes\",null,10]}"
#define COUNT 20

static struct service *create_service(size_t walker_size_max)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(SLICE("{\"tables\":{\"notes\":{}}}"), "test", &message);
    cr_assert_not_null(schema);
    struct service_options options = service_default_options();
    options.walker_size_max = walker_size_max;
    buffer_deinit(&message);
    return service_create(schema, &options);
}

/* Sends a message and looks for a piece of the answer. */
static void expect(struct service *service, const char *message, const char *piece)
{
    struct buffer output = {0};
    service_handle(service, slice_of(message), &output);
    buffer_append_char(&output, '\0');
    cr_assert_not_null(strstr(output.data, piece), "%s: %s", message, output.data);
    buffer_deinit(&output);
}

static void expect_read(struct service *service, unsigned handle, const char *piece)
{
    char message[128];
    snprintf(message, sizeof(message), READ, handle);
    expect(service, message, piece);
}

static void insert_notes(struct service *service)
{
    for (unsigned i = 0; i < COUNT; i++) {
        expect(service, "{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\",{\"v\":1}]}",
               "\"result\":");
    }
}

static void patch_notes(struct service *service)
{
    expect(service,
           "{\"id\":1,\"method\":\"mutation\",\"params\":{\"do\":["
           "{\"let\":\"all\",\"collect\":{\"table\":\"notes\"}},"
           "{\"asyncMap\":{\"over\":\"$all\",\"as\":\"note\",\"do\":["
           "{\"patch\":[\"$note._id\",{\"v\":2}]}],\"return\":null}}]}}",
           "\"result\":");
}

Test(exports, a_handle_ends_when_nobody_reads_it)
{
    struct service *service = create_service(1 << 20);
    insert_notes(service);
    expect(service, OPEN, "\"handle\":\"1\"");
    expect(service, OPEN, "\"handle\":\"2\"");
    service->exports.places[0].used_ms -= EXPORT_IDLE_MS + 1;
    service->exports.places[1].used_ms -= EXPORT_IDLE_MS - 1000;
    expect_read(service, 1, "there is no such export, or it was unused for 60 s");
    expect_read(service, 2, "\"isDone\":false");
    cr_assert_null(service->exports.places[0].walker, "what it held is given back");
    cr_assert_not_null(service->exports.places[1].walker);
    service_destroy(service);
}

Test(exports, what_nobody_reads_is_given_back_without_another_call)
{
    struct service *service = create_service(1 << 20);
    struct exports *exports = &service->exports;
    insert_notes(service);
    cr_assert_eq(exports_expire(exports), 0u, "none is open");
    expect(service, OPEN, "\"handle\":\"1\"");
    expect(service, OPEN, "\"handle\":\"2\"");
    patch_notes(service);
    cr_assert_eq(exports->open_count, 2u);
    exports->places[0].used_ms -= EXPORT_IDLE_MS + 1;
    exports->places[1].used_ms -= EXPORT_IDLE_MS - 1000;
    uint64_t next_ms = exports_expire(exports);
    cr_assert(next_ms > 0 && next_ms <= 1001, "the second ends within a second, not %u ms",
              (unsigned)next_ms);
    cr_assert_eq(exports->open_count, 1u);
    cr_assert_null(exports->places[0].walker, "what it held is given back");
    exports->places[1].used_ms -= 1001;
    cr_assert_eq(exports_expire(exports), 0u);
    cr_assert_null(service->database->walkers);
    service_destroy(service);
}

Test(exports, places_of_handles_that_ended_are_used_again)
{
    struct service *service = create_service(1 << 20);
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        expect(service, OPEN, "\"handle\"");
    }
    expect(service, OPEN, "\"limit\":\"exports\"");
    service->exports.places[3].used_ms -= EXPORT_IDLE_MS + 1;
    expect(service, OPEN, "\"handle\"");
    expect(service, OPEN, "\"limit\":\"exports\"");
    service_destroy(service);
}

Test(exports, one_that_holds_back_too_much_ends)
{
    struct service *service = create_service(512);
    insert_notes(service);
    expect(service, OPEN, "\"handle\":\"1\"");
    patch_notes(service);
    cr_assert(service->exports.places[0].walker->failed);
    expect_read(service, 1, "\"limit\":\"walker\"");
    expect_read(service, 1, "there is no such export");
    service_destroy(service);
}

Test(exports, one_that_holds_back_little_shows_its_moment)
{
    struct service *service = create_service(1 << 20);
    insert_notes(service);
    expect(service, OPEN, "\"handle\":\"1\"");
    patch_notes(service);
    expect_read(service, 1, "\"v\":1");
    service_destroy(service);
}
