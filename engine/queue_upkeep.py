"""Keep the queue itself in order: jobs of lost workers run again, old failed jobs go."""

from __future__ import annotations

import logging

from procrastinate import App, JobContext

from engine.queue import Pace

logger = logging.getLogger(__name__)

KEEP_HOURS = 24 * 30  # failed jobs of the queue; history for people is the engine's
RESCUE_PRIORITY = 10  # behind a long backlog, what a lost worker held would wait until all of it is done


def add_tasks(app: App, pace: Pace) -> None:
    """Name the periodic tasks of the queue's upkeep; each runs once however many workers ask for it."""

    @app.periodic(cron=f"* * * * * */{pace.rescue}")
    @app.task(name="rescue", queueing_lock="rescue", priority=RESCUE_PRIORITY, pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=pace.stall):
            logger.warning("job %s was left by worker %s and runs again", job.call_string, job.worker_id)
            await manager.retry_job(job)

    @app.periodic(cron="17 3 * * *")
    @app.task(name="remove_old", queueing_lock="remove_old", pass_context=True)
    async def remove_old(context: JobContext, timestamp: int) -> None:
        await context.app.job_manager.delete_old_jobs(
            KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )
