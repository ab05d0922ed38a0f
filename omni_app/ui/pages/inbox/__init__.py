"""The inbox: who waits, the open conversation, the customer beside it.

`page` puts three panes together: `queue` (list and folders) with `finding` (search, filters), `thread` with `head`, `messages`
and `composer`, `profile`; `receipt` shows how one answer was made. States are flat and small, so a new message redraws the thread
alone: `thread_state` (what was said), `queue_state` (the list), `writing_state` (drafts, canned answers, files), `sorting_state`
(labels, people, snooze), `presence_state` (who is here, what streams; no rows), `profile_state`, `receipt_state`. What
channels add stands beside: `via` (over which account), `reached` with `delivery_state` (how far a message got), `carried` with
`mail_state` (files, cards, the mail itself), `window_state` and `copies_state` (what a reply is bound to), `template_picker` with
`template_state`, `starting` with `starting_state` (writing first), `taking` (what a channel takes). `lines` and the `…_shapes`
turn what the domain reads into what is shown. `assets/inbox*.js` do what the browser does alone.
"""
