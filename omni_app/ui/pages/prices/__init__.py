"""Prices: what one unit of each service costs, by the list or by the business's own contract, now and later.

`showing` puts prices into words and reads them from fields, `state` keeps the page's data, `page` and `dialogs` draw it.
"""
