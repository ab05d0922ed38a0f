"""Pages for people who are not signed in: sign in, create a business, set a new password."""
