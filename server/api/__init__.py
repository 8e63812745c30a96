"""The edge of the API: how a call looks, bodies, answers, keys of idempotency, the list of calls and what they say."""
