"""The client's customers: accounts, contacts, subscriptions, and what of the community they used."""

from backend.customers.deriving import derive_exposures, derive_for
from backend.customers.exposing import KINDS, record_exposure
from backend.customers.importing import FIELDS, Imported, Problem, import_customers
from backend.customers.linking import link_contact
from backend.customers.models import (
    AccountContact,
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    SubscriptionChange,
)
from backend.customers.subscribing import record_subscription_change

__all__ = [
    "FIELDS",
    "KINDS",
    "AccountContact",
    "CustomerAccount",
    "CustomerExposure",
    "CustomerSubscription",
    "Imported",
    "Problem",
    "SubscriptionChange",
    "derive_exposures",
    "derive_for",
    "import_customers",
    "link_contact",
    "record_exposure",
    "record_subscription_change",
]
