@echo off
rem Serve the app on this machine: http://localhost:8501. Untried on Windows so far.
setlocal
cd /d "%~dp0app"
if not exist ..\venv\Scripts\python.exe (
    echo Nothing is installed yet: run install.bat first.
    exit /b 1
)
set PYTHONUTF8=1
..\venv\Scripts\python.exe -m streamlit run app.py --server.address 127.0.0.1 --server.port 8501
