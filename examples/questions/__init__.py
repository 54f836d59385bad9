"""The 25 questions, asked of the sample company, and the page that shows the answers.

`python -m examples.questions` says how the page is written anew; a test compares it with what the product answers.
"""
