/* The kinds of fault of which account is kept. */
#ifndef SIM_ACCOUNT_FAULT_H
#define SIM_ACCOUNT_FAULT_H

#include "writer.h"

#define TRIAL_CLIENTS 3
#define TRIAL_DISK_US 6000
#define MIN_REPLICAS_MAX_LAG_MS 2000

struct trial {
    struct world *world;
    struct writers *writers;
    uint64_t interval_ms;
};

struct fault {
    const char *name;
    void (*run)(struct trial *trial);
    bool lossless; /* no acknowledged write may be lost */
    int min_replicas;
    uint64_t save_interval_ms;
    int64_t reboot_down_after_ms;
};

/* Fails when there is none of that name. */
const struct fault *fault_find(const char *name);

uint64_t trial_draw(struct trial *trial, uint64_t low, uint64_t high);

/* Lets a random time pass. */
void trial_run(struct trial *trial, uint64_t low_ms, uint64_t high_ms);

/* Cuts HOSTS off from all others. */
void trial_cut_off(struct trial *trial, const int *hosts, size_t count);

#endif
