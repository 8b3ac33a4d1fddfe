"""Whether a player wants to hear of offers, by which channel; an exclusion takes that back."""

from pitboss.responsible.marketing.operations import change
from pitboss.responsible.marketing.queries import find_contactable, list_consents

__all__ = ["change", "find_contactable", "list_consents"]
