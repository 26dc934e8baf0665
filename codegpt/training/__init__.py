"""Training: a corpus of permissively licensed source, a tokenizer, a fill-in-the-middle GPT, and its fine-tuning."""
