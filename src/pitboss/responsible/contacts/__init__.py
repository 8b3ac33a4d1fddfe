"""When the operator gets in touch: above an amount, and to have limits looked at again."""

from pitboss.responsible.contacts.operations import about_limit, about_use, review
from pitboss.responsible.contacts.queries import is_review_due

__all__ = ["about_limit", "about_use", "is_review_due", "review"]
