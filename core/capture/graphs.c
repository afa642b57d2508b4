/*
 * Replays on a CUDA device: what lies between the host's own work (an optimiser's step, whose numbers change) and its
 * looks at results becomes a CUDA graph, which is launched as a whole. The first replay makes the graphs; calls that
 * cannot be in one are made one by one.
 */
#include "capture/capture.h"

#include <stdlib.h>

#include "backend/cuda_plugin.h"

/* Calls that the host has a part in. */
static bool is_hosts(const tyi_call *call)
{
    return call->type->kind == TYI_CALL_ACTION || call->type->kind == TYI_CALL_GUARD;
}

ty_status tyi_cut_segments(ty_capture *c)
{
    for (int from = c->head; from < c->calls_count;) {
        int to = from + 1;
        while (to < c->calls_count && !is_hosts(&c->calls[from]) && !is_hosts(&c->calls[to]))
            to++;
        if (tyi_room(&c->segments, c->segments_count, &c->segments_room, sizeof *c->segments) != TY_OK)
            return TY_FAIL;
        c->segments[c->segments_count++] = (tyi_segment){from, to, is_hosts(&c->calls[from]), NULL};
        from = to;
    }
    return TY_OK;
}

/* Makes a segment's graph; without one (not an error) its calls are made one by one. */
static void make_graph(ty_capture *c, tyi_segment *s)
{
    const tyi_cuda_module *cuda = tyi_cuda();
    bool stale = false;
    s->tried = true;
    if (cuda->graph_begin() != TY_OK)
        return;
    ty_status status = tyi_run_calls(c, s->from, s->to, &stale);
    s->graph = cuda->graph_end();
    if (status != TY_OK && s->graph) {
        cuda->graph_free(s->graph);
        s->graph = NULL;
    }
}

ty_status tyi_run_segments(ty_capture *c, bool *stale)
{
    for (int i = 0; i < c->segments_count && !*stale; i++) {
        tyi_segment *s = &c->segments[i];
        if (!s->tried)
            make_graph(c, s);
        if ((s->graph ? tyi_cuda()->graph_launch(s->graph) : tyi_run_calls(c, s->from, s->to, stale)) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

void tyi_free_segments(ty_capture *c)
{
    for (int i = 0; i < c->segments_count; i++)
        if (c->segments[i].graph)
            tyi_cuda()->graph_free(c->segments[i].graph);
    free(c->segments);
}
