"""The inbox: who waits, the open conversation, the customer beside it.

`page` puts three panes together: `queue` (list and folders) with `finding` (search, filters), `thread` with `head`, `messages`
and `composer`, `profile`; `receipt` shows how one answer was made. States are flat and small, so a new message redraws the thread
alone: `thread_state` (what was said), `queue_state` (the list), `writing_state` (drafts, canned answers, files), `sorting_state`
(labels, people, snooze), `presence_state` (who is here, what streams; no rows), `profile_state`, `receipt_state`. `lines` and the
`…_shapes` turn what the domain reads into what is shown. `assets/inbox.js` and `inbox-writing.js` do what the browser does alone.
"""
