"""what the API keeps: variables, leases of jobs, deleted versions, answers to sent keys."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op
from lxml import etree

import engine.columns
from engine import sharding, variables

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "deletion",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", engine.columns.UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
    )
    op.create_table(
        "idempotent_request",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", engine.columns.UtcDateTime(), nullable=False),
        sa.Column("answer", engine.columns.Json(), nullable=True),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotent_request")),
    )
    op.create_index(op.f("ix_idempotent_request_at"), "idempotent_request", ["at"], unique=False)
    op.create_table(
        "decision_requirements",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("requirements_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("resource_id", IDENTITY, nullable=False),
        sa.Column("deployment_id", IDENTITY, nullable=False),
        sa.Column("deleted_at", engine.columns.UtcDateTime(), nullable=True),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_decision_requirements_deployment_id_deployment"),
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_decision_requirements_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_requirements")),
        sa.UniqueConstraint(
            "requirements_id", "version", name=op.f("uq_decision_requirements_requirements_id_version")
        ),
    )
    op.create_index(
        op.f("ix_decision_requirements_deployment_id"),
        "decision_requirements",
        ["deployment_id"],
        unique=False,
    )
    op.create_table(
        "file_version",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("resource_id", IDENTITY, nullable=False),
        sa.Column("deployment_id", IDENTITY, nullable=False),
        sa.Column("deleted_at", engine.columns.UtcDateTime(), nullable=True),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_file_version_deployment_id_deployment")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_file_version_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_version")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_file_version_name_version")),
    )
    op.create_index(op.f("ix_file_version_deployment_id"), "file_version", ["deployment_id"], unique=False)
    op.create_table(
        "variable",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("instance_id", IDENTITY, nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), server_default=sharding.Owner(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_variable_instance_id_process_instance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variable")),
        sa.UniqueConstraint("instance_id", "scope", "name", name=op.f("uq_variable_instance_id_scope_name")),
    )
    op.create_index("ix_variable_value", "variable", ["name", "fingerprint"], unique=False)
    with op.batch_alter_table("decision_definition", schema=None) as batch_op:
        batch_op.add_column(sa.Column("requirements_id", IDENTITY, nullable=True))
        batch_op.add_column(sa.Column("deleted_at", engine.columns.UtcDateTime(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_decision_definition_requirements_id"), ["requirements_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_decision_definition_requirements_id_decision_requirements"),
            "decision_requirements",
            ["requirements_id"],
            ["id"],
        )

    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.add_column(sa.Column("resource_id", IDENTITY, nullable=True))
        batch_op.add_column(sa.Column("deleted_at", engine.columns.UtcDateTime(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_form_resource_id_resource"), "resource", ["resource_id"], ["id"]
        )

    op.add_column("job", sa.Column("error_code", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("job", sa.Column("worker", sa.Text(), server_default="", nullable=False))
    op.add_column("job", sa.Column("locked_until", engine.columns.UtcDateTime(), nullable=True))
    op.add_column("job", sa.Column("lease", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("retry_at", engine.columns.UtcDateTime(), nullable=True))
    op.add_column("job", sa.Column("change", sa.Text(), server_default="created", nullable=False))
    op.add_column("job", sa.Column("updated_at", engine.columns.UtcDateTime(), nullable=True))
    op.create_index("ix_job_activation", "job", ["type", "status", "priority", "id"], unique=False)
    op.add_column("process_definition", sa.Column("version_tag", sa.Text(), nullable=True))
    op.add_column("process_definition", sa.Column("start_form_id", sa.Text(), nullable=True))
    op.add_column("process_definition", sa.Column("deleted_at", engine.columns.UtcDateTime(), nullable=True))
    op.add_column(
        "process_instance", sa.Column("tags", engine.columns.Json(), server_default="[]", nullable=False)
    )
    op.create_index(op.f("ix_process_instance_started_by"), "process_instance", ["started_by"], unique=False)
    op.create_index(op.f("ix_task_snooze_person"), "task_snooze", ["person"], unique=False)
    op.add_column("user_task", sa.Column("follow_up_at", engine.columns.UtcDateTime(), nullable=True))
    op.create_index("ix_user_task_ended_by", "user_task", ["ended_by", "instance_id"], unique=False)
    op.create_index(
        "ix_user_task_offered",
        "user_task",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'open' AND assignee IS NULL"),
        postgresql_where=sa.text("status = 'open' AND assignee IS NULL"),
    )
    fill_definitions(op.get_bind())
    variables.copy_states(op.get_bind())


def fill_definitions(connection: sa.Connection) -> None:
    """Give old versions their tag and start form, and each old file of decisions a row of its own."""
    meta = sa.MetaData()
    resource, process, decision, graph = (
        sa.Table(name, meta, autoload_with=connection)
        for name in ("resource", "process_definition", "decision_definition", "decision_requirements")
    )
    contents = sa.select(process.c.id, process.c.process_id, resource.c.content).join(
        resource, resource.c.id == process.c.resource_id
    )
    for row in connection.execute(contents).all():
        tag, form = _facts(_parse(row.content), row.process_id)
        connection.execute(
            process.update().where(process.c.id == row.id).values(version_tag=tag, start_form_id=form)
        )
    used = sa.select(decision.c.resource_id).distinct()
    files = sa.select(resource).where(resource.c.id.in_(used)).order_by(resource.c.id)
    versions: dict[str, int] = {}
    for row in connection.execute(files).all():
        root = _parse(row.content)
        name = root.get("id") or root.get("name") or row.name
        versions[name] = versions.get(name, 0) + 1
        made = connection.scalar(
            graph.insert()
            .returning(graph.c.id)
            .values(
                requirements_id=name,
                version=versions[name],
                name=root.get("name") or name,
                hash=hashlib.sha256(f"{name}\n{row.sha256}".encode()).hexdigest(),
                resource_id=row.id,
                deployment_id=row.deployment_id,
            )
        )
        connection.execute(
            decision.update().where(decision.c.resource_id == row.id).values(requirements_id=made)
        )


def _parse(content: bytes) -> etree._Element:
    """Return the tree of a file; one that was stored by hand and cannot be read tells nothing."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return etree.Element("unreadable")


def _facts(root: etree._Element, process_id: str) -> tuple[str | None, str | None]:
    process = next((one for one in root.iter(f"{BPMN}process") if one.get("id") == process_id), None)
    if process is None:
        return None, None
    tag = process.find(f"{BPMN}extensionElements/{ZEEBE}versionTag")
    forms = [
        form.get("formId")
        for start in process.findall(f"{BPMN}startEvent")
        if not any(str(child.tag).endswith("EventDefinition") for child in start)
        for form in start.findall(f"{BPMN}extensionElements/{ZEEBE}formDefinition")
    ]
    return (None if tag is None else tag.get("value")), next(iter(forms), None)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(
        "ix_user_task_offered",
        table_name="user_task",
        sqlite_where=sa.text("status = 'open' AND assignee IS NULL"),
        postgresql_where=sa.text("status = 'open' AND assignee IS NULL"),
    )
    op.drop_index("ix_user_task_ended_by", table_name="user_task")
    op.drop_column("user_task", "follow_up_at")
    op.drop_index(op.f("ix_task_snooze_person"), table_name="task_snooze")
    op.drop_index(op.f("ix_process_instance_started_by"), table_name="process_instance")
    op.drop_column("process_instance", "tags")
    op.drop_column("process_definition", "deleted_at")
    op.drop_column("process_definition", "start_form_id")
    op.drop_column("process_definition", "version_tag")
    op.drop_index("ix_job_activation", table_name="job")
    op.drop_column("job", "updated_at")
    op.drop_column("job", "change")
    op.drop_column("job", "retry_at")
    op.drop_column("job", "lease")
    op.drop_column("job", "locked_until")
    op.drop_column("job", "worker")
    op.drop_column("job", "priority")
    op.drop_column("job", "error_code")
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_form_resource_id_resource"), type_="foreignkey")
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("resource_id")

    with op.batch_alter_table("decision_definition", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_decision_definition_requirements_id_decision_requirements"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_decision_definition_requirements_id"))
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("requirements_id")

    op.drop_index("ix_variable_value", table_name="variable")
    op.drop_table("variable")
    op.drop_index(op.f("ix_file_version_deployment_id"), table_name="file_version")
    op.drop_table("file_version")
    op.drop_index(op.f("ix_decision_requirements_deployment_id"), table_name="decision_requirements")
    op.drop_table("decision_requirements")
    op.drop_index(op.f("ix_idempotent_request_at"), table_name="idempotent_request")
    op.drop_table("idempotent_request")
    op.drop_table("deletion")
