"""From estimate to payment."""
