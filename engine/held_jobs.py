"""End and hand back jobs only while they are still held by the worker that fetched them.

Procrastinate ends a job by its id alone. A worker that was paused, given up and resumed would then end the
job that another worker is running by now; if that one died too, the job would be lost.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from sqlalchemy import Delete, Update

from engine import queue_tables
from engine.pg_queue import PgConnector
from engine.sqlite_queue import SqliteConnector

logger = logging.getLogger(__name__)

TRIES = 12
PAUSE = 0.5  # seconds; all tries together outlast a heartbeat, after which a worker without database stops


class HeldJobs(JobManager):
    """Procrastinate's job manager with a fence at the end of each job."""

    def __init__(self, connector: SqliteConnector | PgConnector) -> None:
        super().__init__(connector)
        self._connector = connector

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Remove an ended job; one that ended with its effect is gone already. Keep a failed one."""
        if delete_job:
            await self._insist(queue_tables.settle(job))
        else:
            await self._insist(queue_tables.end(job, status.value, **self._connector.end_values()))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put a job back to wait, at once or until `retry_at`; drop it when the same waits already."""
        try:
            await self._insist(queue_tables.hand_back(job, retry_at))
        except UniqueViolation:
            await self._insist(queue_tables.settle(job))

    async def _insist(self, statement: Update | Delete) -> None:
        for _ in range(TRIES):
            try:
                await self._connector.execute_statement(statement)
            except UniqueViolation:
                raise
            except ConnectorException as error:
                logger.warning("the queue's database does not answer: %s", error.__cause__)
                await asyncio.sleep(PAUSE)
            else:
                return
        raise ConnectorException("Expected the queue's database to answer, but it did not")
