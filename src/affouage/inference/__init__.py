"""The path of a request, from what a member asks to the receipt. There is only one."""
