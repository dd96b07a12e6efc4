"""Two models answer one question without their names; which is better is said first, then what each costs."""
