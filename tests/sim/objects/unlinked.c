/* Exports what is asked for, and is linked with no libacta. */
extern const char acta_sim_scenario[];
__attribute__((visibility("default"))) const char acta_sim_scenario[] = "nothing";
