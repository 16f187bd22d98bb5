/*
 * acta sim: run a scenario of the simulation through seeds. The scenarios are those of the examples, and, as a shared object,
 * whoever's: one that is linked with libacta and exports `const acta_scenario acta_sim_scenario`.
 *
 * The object brings a library of its own along, whose runner it is run with: no part of one library meets the other.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "acta/simulate.h"
#include "commands.h"
#include "simulation_list.h"

typedef int simulate_main(const acta_scenario *scenario, int argc, char **argv);

static int
list_scenarios(FILE *out)
{
    for (size_t i = 0; simulation_list[i] != NULL; i++)
        fprintf(out, "%-8s %s\n", simulation_list[i]->name, simulation_list[i]->summary);
    return 0;
}

static int
wrong_name(const char *name)
{
    fprintf(stderr,
        "acta sim: there is no scenario '%s'; a shared object is named by a path with a '/'. The scenarios are:\n",
        name);
    list_scenarios(stderr);
    return 2;
}

static int
run_object(const char *path, int argc, char **argv)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        fprintf(stderr, "acta sim: cannot load '%s': %s\n", path, dlerror());
        return 2;
    }
    const acta_scenario *scenario = dlsym(object, "acta_sim_scenario");
    void *runner = dlsym(object, "acta_simulate_main");
    simulate_main *run = NULL;
    int status = 2;

    if (scenario == NULL)
        fprintf(stderr, "acta sim: '%s' exports no 'acta_sim_scenario'\n", path);
    else if (runner == NULL)
        fprintf(stderr, "acta sim: '%s' is not linked with libacta\n", path);
    else {
        memcpy(&run, &runner, sizeof run); /* a function behind an object's pointer, as POSIX has it */
        status = run(scenario, argc, argv);
    }
    dlclose(object);
    return status;
}

static int
print_usage(void)
{
    puts("Usage: acta sim NAME|OBJECT [--seeds FROM..TO | --seconds N | --tape FILE]\n"
         "            [OPTION...]\n"
         "Run a scenario through seeds, each with its own order of things, crashes and\n"
         "faults.\n\n"
         "`acta sim` lists the scenarios that are built in; OBJECT is a shared object that\n"
         "is linked with libacta and exports `const acta_scenario acta_sim_scenario`.\n"
         "`acta sim NAME --help` tells of the options.\n\n"
         "Exit status: 0 all seeds hold, 1 one has failed, 2 wrong usage.");
    return 0;
}

int
command_sim(int argc, char **argv)
{
    static char name[256];

    if (argc < 2) return list_scenarios(stdout);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0) return print_usage();
    snprintf(name, sizeof name, "%s %s", argv[0], argv[1]);
    const char *wanted = argv[1];
    argv[1] = name; /* what it calls itself: `again: acta sim bank …` */
    if (strchr(wanted, '/') != NULL) return run_object(wanted, argc - 1, argv + 1);
    for (size_t i = 0; simulation_list[i] != NULL; i++) {
        if (strcmp(simulation_list[i]->name, wanted) == 0)
            return acta_simulate_main(simulation_list[i], argc - 1, argv + 1);
    }
    return wrong_name(wanted);
}
