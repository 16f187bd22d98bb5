/*
 * Acta: actors in the manner of OTP, and on them CQRS and event sourcing over an embedded log. This header brings the
 * whole public API; each of those below can be included alone.
 */
#ifndef ACTA_ACTA_H
#define ACTA_ACTA_H

#include "acta/aggregate.h"
#include "acta/app.h"
#include "acta/chain.h"
#include "acta/consumer_group.h"
#include "acta/environment.h"
#include "acta/fault.h"
#include "acta/file.h"
#include "acta/gen_event.h"
#include "acta/gen_server.h"
#include "acta/gen_statem.h"
#include "acta/handler.h"
#include "acta/id.h"
#include "acta/index.h"
#include "acta/marks.h"
#include "acta/memory.h"
#include "acta/offload.h"
#include "acta/operations.h"
#include "acta/personal.h"
#include "acta/process_manager.h"
#include "acta/request.h"
#include "acta/recorder.h"
#include "acta/runtime.h"
#include "acta/schema.h"
#include "acta/seal.h"
#include "acta/status.h"
#include "acta/store.h"
#include "acta/str.h"
#include "acta/subscription.h"
#include "acta/supervisor.h"
#include "acta/sys.h"
#include "acta/topic.h"
#include "acta/tree.h"
#include "acta/upcast.h"
#include "acta/watch_fd.h"

#endif
