extension TrainingRecipes {
  // MARK: - Axolotl

  func axolotl(_ target: Target, isHeld: Bool) -> String {
    let stem = target.messages.stem
    let evaluation =
      isHeld
      ? """
      test_datasets:
        - path: \(stem)-validation.jsonl
          ds_type: json
          split: train
          type: chat_template
          field_messages: messages
          roles_to_train: [assistant]
          train_on_eos: turn
      eval_steps: 50

      """ : ""
    return """
      # axolotl train train-axolotl\(target.suffix).yaml, in this folder
      base_model: \(baseModel)
      adapter: lora
      lora_r: 16
      lora_alpha: 32
      lora_target_linear: true
      loraplus_lr_ratio: 16
      datasets:
        - path: \(stem)-train.jsonl
          ds_type: json
          type: chat_template
          field_messages: messages
          roles_to_train: [assistant]
          train_on_eos: turn
      \(evaluation)sequence_len: \(maxLength)
      learning_rate: 2.0e-5
      num_epochs: 5
      micro_batch_size: 4
      gradient_accumulation_steps: 4
      weight_decay: 0.01
      warmup_ratio: 0.03
      optimizer: adamw_torch
      lr_scheduler: cosine
      bf16: auto
      save_steps: 50
      save_total_limit: 3
      output_dir: \(target.output)

      """
  }

  // MARK: - TRL

  var trl: String {
    let role = isByRole
    let model = role ? "sys.argv[2] if len(sys.argv) > 2" : "sys.argv[1] if len(sys.argv) > 1"
    let stem = role ? "sft_trl/{role}" : targets.first?.completions ?? ""
    return """
      \"""python train_trl.py \(role ? "ROLE " : "")[MODEL]: one LoRA+ adapter with TRL and PEFT; loss on the answer alone.\"""
      import sys
      from pathlib import Path

      import torch
      from datasets import load_dataset
      from peft import LoraConfig, get_peft_model
      from peft.optimizers import create_loraplus_optimizer
      from transformers import AutoModelForCausalLM, AutoTokenizer
      from trl import SFTConfig, SFTTrainer

      \(role ? "role = sys.argv[1]\n" : "")name = \(model) else "\(baseModel)"
      folder = Path(__file__).resolve().parent
      files = {s: str(folder / f"\(stem)-{s}.jsonl") for s in ("train", "validation")}
      data = load_dataset("json", data_files={s: f for s, f in files.items() if Path(f).exists()})

      tokenizer = AutoTokenizer.from_pretrained(name)
      model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.bfloat16)
      model = get_peft_model(
          model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
      # Each group takes the decay from here; the trainer's own setting would have no effect.
      optimizer = create_loraplus_optimizer(
          model, torch.optim.AdamW, lr=2e-5, loraplus_lr_ratio=16, loraplus_weight_decay=0.01)
      evaluate = "validation" in data
      trainer = SFTTrainer(
          model=model,
          processing_class=tokenizer,
          train_dataset=data["train"],
          eval_dataset=data["validation"] if evaluate else None,
          optimizers=(optimizer, None),
          args=SFTConfig(
              output_dir=str(folder / "out"\(role ? " / role" : "")), num_train_epochs=5, learning_rate=2e-5, max_length=\(maxLength),
              per_device_train_batch_size=4, gradient_accumulation_steps=4, warmup_steps=0.03, logging_steps=10,
              eval_strategy="steps" if evaluate else "no", eval_steps=50, save_steps=50, save_total_limit=3))
      trainer.train()
      trainer.save_model()

      """
  }

  // MARK: - OpenRLHF

  func openRLHF(_ target: Target) -> String {
    let stem = target.completions
    return """
      #!/usr/bin/env bash
      # bash train-openrlhf\(target.suffix).sh [MODEL] with OpenRLHF 0.11, which has LoRA and no LoRA+
      set -euo pipefail
      cd "$(dirname "$0")"
      validation=()
      if [ -f "\(stem)-validation.jsonl" ]; then
        validation=(--eval.dataset "\(stem)-validation.jsonl" --eval.steps 50)
      fi
      deepspeed --module openrlhf.cli.train_sft --model.model_name_or_path "${1:-\(baseModel)}" \\
        --data.dataset "\(stem)-train.jsonl" ${validation[@]+"${validation[@]}"} \\
        --data.input_key prompt --data.output_key completion --data.apply_chat_template \\
        --data.max_len \(maxLength) --ds.lora.rank 16 --ds.lora.alpha 32 --adam.lr 2e-5 \\
        --adam.weight_decay 0.01 --train.max_epochs 5 --train.micro_batch_size 4 --train.batch_size 16 \\
        --ckpt.save_steps 50 --ckpt.output_dir "\(target.output)"

      """
  }

  // MARK: - verl

  func verl(_ target: Target) -> String {
    let stem = target.messages.stem
    return """
      #!/usr/bin/env bash
      # bash train-verl\(target.suffix).sh [MODEL] with verl 0.9, which has LoRA and no LoRA+
      set -euo pipefail
      cd "$(dirname "$0")"
      # Its trainer reads nothing but Parquet.
      mkdir -p "\(target.output)"
      python3 - "\(stem)" "\(target.output)" <<'PYTHON'
      import json, pathlib, sys
      import pyarrow as pa, pyarrow.parquet as pq
      stem, output = sys.argv[1:]
      turn = pa.struct([("role", pa.string()), ("content", pa.string())])
      for split in ("train", "validation"):
          lines = pathlib.Path(f"{stem}-{split}.jsonl")
          if lines.exists():
              rows = [json.loads(line) for line in lines.open(encoding="utf-8")]
              table = pa.Table.from_pylist(rows, pa.schema([("messages", pa.list_(turn))]))
              pq.write_table(table, f"{output}/{split}.parquet")
      PYTHON
      validation=()
      if [ -f "\(stem)-validation.jsonl" ]; then
        validation=(data.val_files="\(target.output)/validation.parquet" trainer.test_freq=50)
      fi
      torchrun --standalone --nproc_per_node=1 -m verl.trainer.sft_trainer model.path="${1:-\(baseModel)}" \\
        data.train_files="\(target.output)/train.parquet" ${validation[@]+"${validation[@]}"} \\
        data.train_batch_size=16 data.micro_batch_size_per_gpu=4 data.max_length=\(maxLength) \\
        model.lora_rank=16 model.lora_alpha=32 optim.lr=2e-5 optim.weight_decay=0.01 \\
        optim.lr_warmup_steps_ratio=0.03 trainer.total_epochs=5 trainer.save_freq=50 \\
        trainer.default_local_dir="\(target.output)" trainer.logger='[console]'

      """
  }
}
