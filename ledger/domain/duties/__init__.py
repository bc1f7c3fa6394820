"""What people owe and take over beside the steps."""
