"""What a business wants to know about its own day. Reads the tables of other rooms and writes none of them.

`periods` says when a day begins where the business is, `overview` reads the figures of a period and what waits for somebody,
`questions` lists what the assistant could not answer.

Reports by e-mail: `report_rules` and `report_periods` say which are due, `report_figures` gathers, `report_content` puts it into
words, `report_drawing` and `report_mail` make the mail, `report_sending` sends it once, `reports` serves the page.
"""
