/*
 * Threads for requests that wait for the disk or for actors, so that the thread which reads and writes connections never
 * does. The queue is bounded: who would wait behind too many is told so at once.
 */
#include <string.h>

#include "internal.h"

enum { WAITING_MAX = 1024, THREADS_MAX = 64 };

struct acti_pool {
    const acta_allocator *allocator;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t work;
    acti_job *first, **last;
    uint32_t waiting;
    bool stopping;

    pthread_t threads[THREADS_MAX];
    uint32_t thread_count;
};

static acti_job *
take(acti_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->stopping)
        pthread_cond_wait(&pool->work, &pool->lock);
    acti_job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL) pool->last = &pool->first;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *
work(void *argument)
{
    acti_pool *pool = argument;
    acti_job *job;

    while ((job = take(pool)) != NULL)
        job->run(job);
    return NULL;
}

acti_pool *
acti_pool_create(const acta_allocator *allocator, uint32_t threads)
{
    acti_pool *pool = allocator->alloc(allocator->user, sizeof *pool);
    if (pool == NULL) return NULL;

    memset(pool, 0, sizeof *pool);
    pool->allocator = allocator;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    while (pool->thread_count < threads &&
           acta_thread_start(&pool->threads[pool->thread_count], "acta-gateway", work, pool))
        pool->thread_count++;
    if (pool->thread_count > 0) return pool;
    acti_pool_destroy(pool);
    return NULL;
}

bool
acti_pool_run(acti_pool *pool, acti_job *job)
{
    pthread_mutex_lock(&pool->lock);
    bool has_room = pool->waiting < WAITING_MAX && !pool->stopping;
    if (has_room) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->waiting++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (has_room) pthread_cond_signal(&pool->work);
    return has_room;
}

void
acti_pool_destroy(acti_pool *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_broadcast(&pool->work);
    for (uint32_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    pool->allocator->free(pool->allocator->user, pool, sizeof *pool);
}
