"""The client's customers: accounts, contacts, subscriptions, and what of the community they used."""

from backend.customers.deriving import derive_exposures, derive_for
from backend.customers.exposing import KINDS, record_exposure
from backend.customers.importing import FIELDS, Imported, Problem, import_customers
from backend.customers.linking import link_contact
from backend.customers.measuring import (
    Coverage,
    CustomerNumbers,
    Managed,
    Measure,
    RevenueKept,
    customer_numbers,
    revenue_kept,
)
from backend.customers.models import (
    AccountContact,
    AccountTouch,
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    SubscriptionChange,
)
from backend.customers.subscribing import record_subscription_change
from backend.customers.touching import TOUCHES, assign_manager, record_touch

__all__ = [
    "FIELDS",
    "KINDS",
    "TOUCHES",
    "AccountContact",
    "AccountTouch",
    "Coverage",
    "CustomerAccount",
    "CustomerExposure",
    "CustomerNumbers",
    "CustomerSubscription",
    "Imported",
    "Managed",
    "Measure",
    "Problem",
    "RevenueKept",
    "SubscriptionChange",
    "assign_manager",
    "customer_numbers",
    "derive_exposures",
    "derive_for",
    "import_customers",
    "link_contact",
    "record_exposure",
    "record_subscription_change",
    "record_touch",
    "revenue_kept",
]
