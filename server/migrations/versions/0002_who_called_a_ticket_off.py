"""Who called a ticket off: its client (withdrawn) or the staff"""

import json

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

LAST = """
SELECT e.ticket, u.roles FROM event e JOIN "user" u ON u.id = e.author_id
WHERE e.kind = 'status' AND e.ticket IN (SELECT number FROM ticket WHERE status = 'cancelled') ORDER BY e.ticket, e.seq
"""
STAFF = {"executor", "lead", "accountant"}


def upgrade() -> None:
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.add_column(sa.Column('withdrawn', sa.Boolean(), nullable=True))
    last = {ticket: roles for ticket, roles in op.get_bind().execute(sa.text(LAST))}
    for ticket, kept in last.items():
        roles = json.loads(kept) if isinstance(kept, str) else kept
        op.get_bind().execute(
            sa.text("UPDATE ticket SET withdrawn = :w WHERE number = :n"), {"w": not STAFF & set(roles), "n": ticket}
        )


def downgrade() -> None:
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.drop_column('withdrawn')
