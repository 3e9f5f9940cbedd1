/* Figures of the store for `info`, and the method `snapshot`. */
#include "server/store_methods.h"

#include "server/builder.h"
#include "server/service.h"

#define US_PER_MS 1000.0

static const char *const sync_names[] = {
    [JOURNAL_SYNC_ALWAYS] = "always",
    [JOURNAL_SYNC_INTERVAL] = "interval",
    [JOURNAL_SYNC_SYSTEM] = "os",
};

static const char *const state_names[] = {
    [JOURNAL_OPEN] = "open",
    [JOURNAL_FULL] = "full",
    [JOURNAL_FAILED] = "failed",
    [JOURNAL_OPENING] = "failed",
};

static const char *const snapshot_names[] = {
    [STORE_SNAPSHOT_NONE] = "none",
    [STORE_SNAPSHOT_RUNNING] = "running",
    [STORE_SNAPSHOT_DONE] = "done",
    [STORE_SNAPSHOT_FAILED] = "failed",
};

static struct value describe_sync(struct store *store, struct arena *arena)
{
    struct journal_latency latency;
    store_journal_latency(store, &latency);
    struct builder sync = builder_begin(arena, 4);
    builder_put_count(&sync, "count", latency.count);
    builder_put(&sync, SLICE("p50Ms"), value_from_number((double)latency.p50_us / US_PER_MS));
    builder_put(&sync, SLICE("p99Ms"), value_from_number((double)latency.p99_us / US_PER_MS));
    builder_put(&sync, SLICE("maxMs"), value_from_number((double)latency.max_us / US_PER_MS));
    return builder_end(&sync);
}

static struct value describe_snapshot(struct store *store, struct arena *arena)
{
    struct store_snapshot_info info;
    store_snapshot_info(store, &info);
    struct builder snapshot = builder_begin(arena, 5);
    builder_put_string(&snapshot, "status", snapshot_names[info.status]);
    builder_put_count(&snapshot, "sequence", info.sequence);
    builder_put(&snapshot, SLICE("time"), value_from_number((double)info.finished_us / US_PER_MS));
    if (info.status == STORE_SNAPSHOT_FAILED) {
        const char *reason =
            info.reason != 0 ? strerror(info.reason) : "it needed more than --max-walker-bytes";
        builder_put_string(&snapshot, "reason", reason);
    }
    builder_put_count(&snapshot, "journalBytesSince", info.journal_bytes);
    return builder_end(&snapshot);
}

static struct value describe_recovery(struct store *store, struct arena *arena)
{
    const struct store_recovery *found = store_recovery(store);
    struct builder recovery = builder_begin(arena, 6);
    builder_put_count(&recovery, "snapshotDocuments", found->snapshot_documents);
    builder_put_count(&recovery, "snapshotSequence", found->snapshot_sequence);
    builder_put_count(&recovery, "transactions", found->journal.transactions);
    builder_put_count(&recovery, "tornBytes", found->journal.torn ? found->journal.torn_size : 0);
    builder_put_count(&recovery, "tornTransactions",
                      found->journal.torn ? found->journal.torn_count : 0);
    builder_put(&recovery, SLICE("tookMs"),
                value_from_number((double)found->duration_us / US_PER_MS));
    return builder_end(&recovery);
}

struct value store_describe(const struct service *service, struct arena *arena)
{
    struct builder durability = builder_begin(arena, 10);
    if (service->store == NULL) {
        builder_put_string(&durability, "mode", "memory");
        return builder_end(&durability);
    }
    struct journal_status status;
    store_journal_status(service->store, &status);
    builder_put_string(&durability, "mode", sync_names[store_options(service->store)->sync]);
    builder_put_string(&durability, "journal", state_names[status.state]);
    if (status.state != JOURNAL_OPEN) {
        builder_put_string(&durability, "reason", strerror(status.reason));
    }
    builder_put_count(&durability, "lastNumber", service->database->sequence);
    builder_put_count(&durability, "durableNumber", status.durable);
    builder_put_count(&durability, "groups", status.groups);
    builder_put_count(&durability, "failures", status.failures);
    builder_put(&durability, SLICE("sync"), describe_sync(service->store, arena));
    builder_put(&durability, SLICE("snapshot"), describe_snapshot(service->store, arena));
    builder_put(&durability, SLICE("recovery"), describe_recovery(service->store, arena));
    return builder_end(&durability);
}

bool store_run_snapshot(struct service *service, struct arena *arena,
                        const struct own_params *params, struct value *result, struct error *error)
{
    (void)params;
    if (service->store == NULL) {
        return error_set(error, ERROR_UNAVAILABLE,
                         "the server has no --data directory to write a snapshot into");
    }
    struct store_snapshot_info info;
    struct builder answer = builder_begin(arena, 1);
    builder_put_count(&answer, "sequence", store_start_snapshot(service->store));
    *result = builder_end(&answer);
    store_snapshot_info(service->store, &info);
    service->awaited_snapshot = info.status == STORE_SNAPSHOT_RUNNING ? info.started : 0;
    return true;
}
