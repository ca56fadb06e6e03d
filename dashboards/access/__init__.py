"""Who is asking, and whether they may: the one ``authorise`` that every view begins with."""

from dashboards.access.authorise import authorise, narrowed
from dashboards.access.principal import current_principal

__all__ = ["authorise", "current_principal", "narrowed"]
