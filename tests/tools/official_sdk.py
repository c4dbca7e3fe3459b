"""Runs Xero's own Python SDK against the fake Xero: what the SDK reads from it and sends to it, the fake has to understand as Xero does.

Takes the address of a running fake, which holds the contacts that tests/fake-xero/tests/official_sdk.rs seeds. Ends with the first thing that is not as it should be.
"""

import json
import sys
import urllib.request

from xero_python.accounting import AccountingApi, Address, Contact, Contacts, Phone
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.identity import IdentityApi

NIL = "00000000-0000-0000-0000-000000000000"

base = sys.argv[1]
for name in ("client_credentials_token_url", "refresh_token_url", "revoke_token_url"):
    url = getattr(TokenApi, name)
    setattr(TokenApi, name, url.replace("https://identity.xero.com", base))

request = urllib.request.Request(base + "/_fake/tokens", method="POST")
issued = json.load(urllib.request.urlopen(request))
tenant = issued["tenant_id"]
token = {
    "access_token": issued["access_token"],
    "refresh_token": issued["refresh_token"],
    "scope": ["offline_access", "accounting.contacts"],
    "expires_in": 1800,
    "token_type": "Bearer",
}

client = ApiClient(
    Configuration(oauth2_token=OAuth2Token(client_id="fake-client-id", client_secret="fake-client-secret"))
)


@client.oauth2_token_getter
def current_token():
    return token


@client.oauth2_token_saver
def store_token(new):
    global token
    token = new


accounting = AccountingApi(client, base_url=base + "/api.xro/2.0")
identity = IdentityApi(client, base_url=base)


def same(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def fails(what, kind, call):
    try:
        call()
    except kind as error:
        return error
    sys.exit(f"{what}: it was not refused")


# Connections; the SDK asks for /Connections.
connections = identity.get_connections()
same("the connected organisation", [c.tenant_id for c in connections], [tenant])

# Lists.
listed = accounting.get_contacts(tenant, page=1, page_size=10, include_archived="true")
same("the items of a page", (listed.pagination.item_count, listed.pagination.page_count), (2, 1))
old = next(c for c in listed.contacts if c.name == "Old Customer")
kinds = {address.address_type for address in old.addresses}
# Not DELIVERY, which old contacts have: the SDK breaks on it.
same("the addresses of an old contact", kinds, {"STREET", "POBOX"})
postal = next(a for a in old.addresses if a.address_type == "POBOX")
same("a line that ends in a line feed", postal.address_line1, "1 High Street\n")
same("a text that is not there", old.email_address or "", "")
phone = next(p for p in old.phones if p.phone_type == "DEFAULT")
same("a phone in three parts", (phone.phone_country_code, phone.phone_area_code, phone.phone_number), ("+64", "4", "23241290"))
found = accounting.get_contacts(tenant, where='Name=="old customer"')
same("a filter", [c.contact_id for c in found.contacts], [old.contact_id])
found = accounting.get_contacts(tenant, i_ds=[old.contact_id])
same("a list by id", [c.contact_id for c in found.contacts], [old.contact_id])
alone = accounting.get_contact(tenant, old.contact_id)
same("one contact", alone.contacts[0].name, "Old Customer")

# Creates, one of them refused.
new = Contact(
    name="SDK Ltd",
    account_number="SDK0001",
    addresses=[Address(address_type="POBOX", address_line1="2 Low Street", city="Leeds")],
    phones=[Phone(phone_type="DEFAULT", phone_number="0113 4960000")],
)
made = accounting.create_contacts(tenant, Contacts(contacts=[new, Contact(name="Old Customer")]), summarize_errors=False)
good, bad = made.contacts
same("what became of the two", (good.status_attribute_string, bad.status_attribute_string), ("OK", "ERROR"))
same("the id of a refused one", bad.contact_id, NIL)
same("whether it says why", "already assigned" in bad.validation_errors[0].message, True)
refused = fails(
    "a create whose name is taken",
    AccountingBadRequestException,
    lambda: accounting.create_contacts(tenant, Contacts(contacts=[Contact(name="SDK Ltd")]), summarize_errors=True),
)
same("the status of a refusal", refused.status, 400)

# Updates: one that changes nothing leaves the date, one that changes something does not.
sdk = accounting.get_contact(tenant, good.contact_id).contacts[0]
again = accounting.update_contact(tenant, good.contact_id, Contacts(contacts=[Contact(name="SDK Ltd")]))
same("the date after an update that changes nothing", again.contacts[0].updated_date_utc, sdk.updated_date_utc)
changed = accounting.update_contact(tenant, good.contact_id, Contacts(contacts=[Contact(email_address="jo@sdk.example")]))
same("the email", changed.contacts[0].email_address, "jo@sdk.example")
same("what was left out", changed.contacts[0].account_number, "SDK0001")
same("the date moves", changed.contacts[0].updated_date_utc > sdk.updated_date_utc, True)

# Archives, which ends every edit.
archive = Contacts(contacts=[Contact(contact_id=good.contact_id, name="SDK Ltd", contact_status="ARCHIVED")])
archived = accounting.update_or_create_contacts(tenant, archive, summarize_errors=False)
same("the archived one", archived.contacts[0].contact_status, "ARCHIVED")
fails(
    "an edit of an archived contact",
    AccountingBadRequestException,
    lambda: accounting.update_contact(tenant, good.contact_id, Contacts(contacts=[Contact(email_address="x@sdk.example")])),
)

# Refreshes: the app's id and secret, and the scope, in the form.
before = token["refresh_token"]
client.refresh_oauth2_token()
same("whether the refresh token rotates", token["refresh_token"] not in (None, before), True)
same("the connection after it", [c.tenant_id for c in identity.get_connections()], [tenant])
token["scope"] = ["offline_access", "accounting.contacts", "payroll.employees"]
error = fails("a refresh that asks for more than was granted", HTTPStatusException, client.refresh_oauth2_token)
same("why", b"invalid_scope" in error.http_resp.data, True)
token["scope"] = ["offline_access"]

# Revokes: the connection is gone, and so are the tokens.
revoked = dict(token)
client.revoke_oauth2_token()
token = revoked
error = fails("a call with a revoked token", HTTPStatusException, identity.get_connections)
same("its status", error.status, 401)
error = fails("a refresh with a revoked token", HTTPStatusException, client.refresh_oauth2_token)
same("why", b"invalid_grant" in error.http_resp.data, True)
print("the official SDK and the fake agree")
